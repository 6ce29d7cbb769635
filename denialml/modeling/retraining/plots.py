"""The plots of a run: contributions, calibration, dollars against review capacity.

The only file that imports matplotlib; no display, no time and no version in a file, so
that equal runs draw equal bytes. Nothing is drawn that is not in the run's JSON: counts
and means of lines, never a line. Each plot is a PNG and an SVG (whose description says
what it shows) beside its JSON.
"""

import io
import logging
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from denialml.modeling.retraining.contribution_spread import ContributionSpread
from denialml.modeling.retraining.judged import Judged

_INK, _QUIET, _GRID = "#222222", "#6b6b6b", "#dddddd"
_MODEL, _TABLE, _BEST = "#12558f", "#c05a00", "#3c7a3c"
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _QUIET,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _GRID,
    "axes.axisbelow": True,
    "svg.hashsalt": "denialml",
    "svg.fonttype": "none",
}
_DOTS_PER_INCH = 130


def draw_plots(judged: Judged, *, is_simulated: bool) -> dict[str, bytes]:
    """PNG and SVG of each plot, by file name."""
    data = "Simulated claims" if is_simulated else "The practice's claims"
    note = (
        f"{data} of {judged.window_first} to {judged.window_last},"
        f" {judged.window_lines:,} answered lines."
    )
    # It logs every font that it weighs.
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    drawn: dict[str, bytes] = {}
    plots: dict[str, tuple[Callable[[Judged], Figure], str]] = {
        "calibration": (_calibration, _said_of_calibration(judged)),
        "decision_curve": (_decision_curve, _said_of_decisions(judged)),
    }
    if judged.spreads:
        plots["contributions"] = (_contributions, _said_of_contributions(judged))
    with mpl.rc_context(_STYLE):
        for name, (draw, says) in plots.items():
            figure = draw(judged)
            figure.text(0.01, 0.01, note, fontsize=8, color=_QUIET)
            drawn |= _written(figure, name, f"{says} {note}")
    return drawn


def _written(figure: Figure, name: str, says: str) -> dict[str, bytes]:
    FigureCanvasAgg(figure)
    png, svg = io.BytesIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    figure.savefig(
        svg,
        format="svg",
        metadata={
            "Title": name.replace("_", " "),
            "Description": says,
            "Date": None,
            "Creator": None,
        },
    )
    return {f"{name}.png": png.getvalue(), f"{name}.svg": svg.getvalue()}


def _figure(width: float, height: float) -> Figure:
    """A figure in inches, with room for the note at its foot."""
    foot = 0.25 / height
    engine = ConstrainedLayoutEngine(rect=(0, foot, 1, 1 - foot))
    return Figure(figsize=(width, height), layout=engine)


def _calibration(judged: Judged) -> Figure:
    figure = _figure(6.4, 5.6)
    axes = figure.add_subplot()
    bins = judged.calibration
    said = [one.mean_risk for one in bins]
    came = [one.denial_rate for one in bins]
    below = [max(one.denial_rate - _low(one.low, one.denial_rate), 0) for one in bins]
    above = [max(_low(one.high, one.denial_rate) - one.denial_rate, 0) for one in bins]
    top = max([*said, *(rate + more for rate, more in zip(came, above, strict=True))])
    limit = min(1.0, top * 1.08 + 0.01)
    axes.plot([0, limit], [0, limit], color=_QUIET, linewidth=1, linestyle="--")
    axes.text(limit * 0.8, limit * 0.86, "as stated", color=_QUIET, ha="right")
    axes.errorbar(
        said, came, yerr=[below, above], fmt="o", color=_MODEL, capsize=3, markersize=5
    )
    axes.set(
        xlim=(0, limit),
        ylim=(0, limit),
        xlabel="mean risk of a tenth of the lines",
        ylabel="share of them that was denied (95% interval)",
        title="Calibration: what was stated and what came",
    )
    _percent(axes, both=True)
    axes.grid(visible=True, linewidth=0.6)
    return figure


def _low(bound: float | None, rate: float) -> float:
    return rate if bound is None else bound


def _decision_curve(judged: Judged) -> Figure:
    figure = _figure(7.2, 4.8)
    axes = figure.add_subplot()
    points = judged.decisions
    reviewed = [0.0, *(one.capacity for one in points)]
    lines = (
        ("had the denials been known", "best_dollars", _BEST, ":", "s"),
        ("model", "found_dollars", _MODEL, "-", "o"),
        ("payer x code table", "table_dollars", _TABLE, "-.", "^"),
        ("by chance", "random_dollars", _QUIET, "--", ""),
    )
    for label, field, color, style, marker in lines:
        found = [0.0, *(getattr(one, field) / 1000 for one in points)]
        axes.plot(
            reviewed,
            found,
            color=color,
            linestyle=style,
            marker=marker,
            markersize=4,
            label=label,
        )
    axes.set(
        xlim=(0, None),
        ylim=(0, None),
        xlabel="share of claims reviewed, highest expected loss first",
        ylabel="thousand dollars of denied lines among them",
        title="Dollars against review capacity",
    )
    _percent(axes, both=False)
    axes.grid(visible=True, linewidth=0.6)
    axes.legend(frameon=False, loc="lower right")
    return figure


def _contributions(judged: Judged) -> Figure:
    spreads = judged.spreads
    figure = _figure(9.6, 1.5 + 0.42 * len(spreads))
    bars, strips = figure.subplots(1, 2, sharey=True, width_ratios=(2, 5))
    weights = {one.feature: one.mean_contribution for one in judged.features}
    places = list(range(len(spreads)))[::-1]
    bars.barh(
        places, [weights[one.feature] for one in spreads], color=_MODEL, height=0.6
    )
    bars.set(
        yticks=places,
        yticklabels=[one.feature for one in spreads],
        ylim=(-0.6, len(spreads) - 0.4),
        xlabel="mean |log-odds|",
    )
    bars.set_title("What weighs most")
    colors = mpl.colormaps["cividis"]
    for place, one in zip(places, spreads, strict=True):
        _strip(strips, place, one, colors)
    strips.axvline(0, color=_QUIET, linewidth=0.8)
    strips.set_xlabel("contribution to the log-odds of a denial")
    strips.set_title("How its contributions are spread (height: lines)")
    strips.tick_params(left=False)
    strips.grid(visible=True, axis="x", linewidth=0.6)
    scale = ScalarMappable(cmap=colors)
    scale.set_clim(0, 1)
    bar = figure.colorbar(scale, ax=strips, shrink=0.7, pad=0.02, ticks=[0, 1])
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("the feature's value (gray: not known)")
    return figure


def _strip(axes: Axes, place: int, spread: ContributionSpread, colors: Any) -> None:
    most = max((cell.lines for cell in spread.cells), default=1)
    for cell in spread.cells:
        # The root keeps cells of few lines visible beside those of very many.
        height = 0.85 * (cell.lines / most) ** 0.5
        rank = cell.value_rank
        axes.barh(
            place,
            max(cell.high - cell.low, 0.004),
            left=cell.low,
            height=height,
            color=_GRID if rank is None else colors(rank),
            linewidth=0,
        )


def _percent(axes: Axes, *, both: bool) -> None:
    axes.xaxis.set_major_formatter("{x:.0%}")
    if both:
        axes.yaxis.set_major_formatter("{x:.0%}")


def _said_of_calibration(judged: Judged) -> str:
    first, last = judged.calibration[0], judged.calibration[-1]
    return (
        "Ten points, each a tenth of the lines by rising risk: stated risk across,"
        " denied share up, with 95% intervals over patients, beside the line where both"
        f" are equal. Lowest tenth: {first.mean_risk:.1%} stated,"
        f" {first.denial_rate:.1%} denied. Highest: {last.mean_risk:.1%} stated,"
        f" {last.denial_rate:.1%} denied. The numbers are in calibration.json."
    )


def _said_of_decisions(judged: Judged) -> str:
    tenth = next((one for one in judged.decisions if one.capacity >= 0.1), None)
    if tenth is None:
        return "Too few patients to show dollars of."
    return (
        "Dollars of denied lines found against the share of claims reviewed, of the"
        " model, a payer x code table, chance and the best possible. At"
        f" {tenth.capacity:.0%} of the claims: ${tenth.found_dollars:,.0f},"
        f" ${tenth.table_dollars:,.0f}, ${tenth.random_dollars:,.0f} and"
        f" ${tenth.best_dollars:,.0f}. The numbers are in decision_curve.json."
    )


def _said_of_contributions(judged: Judged) -> str:
    named = ", ".join(
        f"{one.feature} {one.mean_contribution:.2f}" for one in judged.features[:5]
    )
    return (
        "Mean absolute contribution of the features that weigh most, and how the"
        " contributions of each are spread, colored by the feature's value. Heaviest,"
        f" in log-odds: {named}. The numbers are in feature_contributions.json and"
        " contribution_spreads.json."
    )
