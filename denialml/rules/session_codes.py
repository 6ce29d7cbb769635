"""Procedure codes by whether a session, and a treatment plan, stands behind them."""

# A month of care, a device, a drug or a laboratory test: no note of one session says
# how it was held, how long it took or who signed it.
WITHOUT_SESSION: frozenset[str] = frozenset(
    {
        *("99484", "99492", "99493", "99494", "G2214", "G0323", "G0544"),
        *("99487", "99489", "99490", "99491", "G0556", "G0557", "G0558"),
        *("G0568", "G0569", "G0570", "G2086", "G2087", "G2088"),
        *(f"G{number}" for number in range(2067, 2081)),
        *("G0137", "G0552", "G0553", "G0554", "T1041", "T2023"),
        *("80305", "80306", "80307", "H0048", "J0013", "S0013"),
    }
)

# Treatment that follows a plan; evaluations, crises, tests and screenings come before
# one or stand outside it.
PLANNED_TREATMENT: frozenset[str] = frozenset(
    {
        *("90832", "90833", "90834", "90836", "90837", "90838", "90845"),
        *("90846", "90847", "90849", "90853", "90875", "90876", "G0410", "G0411"),
        *("97153", "97154", "97155", "97156", "97157", "97158", "0373T"),
        *("H0004", "H0005", "H0015", "H0035", "H0036", "H0037", "H0038", "H0039"),
        *("H0040", "H2012", "H2014", "H2015", "H2016", "H2017", "H2018", "H2019"),
        *("H2020", "H2021", "H2022", "H2027", "H2033", "H2035", "H2036"),
        *("S0201", "S9480"),
    }
)

# Visits of a patient who has been seen before.
FOLLOW_UP_VISITS: frozenset[str] = frozenset({"99212", "99213", "99214", "99215"})
