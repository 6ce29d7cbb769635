"""The 31 source attributes of 45 CFR 170.315(b)(11)(iv)(B), and who answers each.

The wording is ours. The rule was written for certified health IT; denialml is not
certified and claims no compliance: the list is used because a reader who knows it finds
every question answered, or the reason why not.
"""

import msgspec


class SourceAttribute(msgspec.Struct, frozen=True):
    """One question of the rule; `number` is its paragraph, such as ``1.ii``."""

    number: str
    group: str
    question: str


class AnsweredAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer; `assessed` False: the answer is why it is not."""

    number: str
    group: str
    question: str
    assessed: bool
    answer: str


_OUTPUT = "Details and output"
_PURPOSE = "Purpose"
_CAUTION = "Cautioned out-of-scope use"
_DEVELOPMENT = "Development and input features"
_FAIRNESS = "Process to ensure fairness"
_EXTERNAL = "External validation process"
_MEASURES = "Quantitative measures of performance"
_UPKEEP = "Ongoing maintenance of use"
_UPDATES = "Update and continued validation or fairness assessment"

SOURCE_ATTRIBUTES = (
    SourceAttribute("1.i", _OUTPUT, "Name and contact of the developer"),
    SourceAttribute("1.ii", _OUTPUT, "Source of funding of the technical work"),
    SourceAttribute("1.iii", _OUTPUT, "The value that is produced"),
    SourceAttribute("1.iv", _OUTPUT, "The kind of output"),
    SourceAttribute("2.i", _PURPOSE, "Intended use"),
    SourceAttribute("2.ii", _PURPOSE, "Intended patient population"),
    SourceAttribute("2.iii", _PURPOSE, "Intended users"),
    SourceAttribute("2.iv", _PURPOSE, "Decision-making role"),
    SourceAttribute("3.i", _CAUTION, "Tasks and populations it must not be used for"),
    SourceAttribute("3.ii", _CAUTION, "Known risks, inappropriate settings and limits"),
    SourceAttribute("4.i", _DEVELOPMENT, "What was included in training and what not"),
    SourceAttribute("4.ii", _DEVELOPMENT, "Demographic variables used as inputs"),
    SourceAttribute("4.iii", _DEVELOPMENT, "Demographics of the training data"),
    SourceAttribute("4.iv", _DEVELOPMENT, "Relevance of the training data to the use"),
    SourceAttribute("5.i", _FAIRNESS, "Approach to ensure that the output is fair"),
    SourceAttribute("5.ii", _FAIRNESS, "Approaches to manage or reduce bias"),
    SourceAttribute("6.i", _EXTERNAL, "Data and setting of the external validation"),
    SourceAttribute("6.ii", _EXTERNAL, "Who validated externally"),
    SourceAttribute("6.iii", _EXTERNAL, "Demographics of the external data"),
    SourceAttribute("6.iv", _EXTERNAL, "How it was validated externally"),
    SourceAttribute("7.i", _MEASURES, "Validity on held-out data of the same source"),
    SourceAttribute("7.ii", _MEASURES, "Fairness on held-out data of the same source"),
    SourceAttribute("7.iii", _MEASURES, "Validity on data of another source"),
    SourceAttribute("7.iv", _MEASURES, "Fairness on data of another source"),
    SourceAttribute("7.v", _MEASURES, "Evaluations of the use's effect on outcomes"),
    SourceAttribute("8.i", _UPKEEP, "How and how often validity is monitored"),
    SourceAttribute("8.ii", _UPKEEP, "Validity in local data"),
    SourceAttribute("8.iii", _UPKEEP, "How and how often fairness is monitored"),
    SourceAttribute("8.iv", _UPKEEP, "Fairness in local data"),
    SourceAttribute("9.i", _UPDATES, "How and how often it is updated"),
    SourceAttribute("9.ii", _UPDATES, "How and how often faults found are corrected"),
)


def answer_attributes(
    answers: dict[str, str], not_assessed: dict[str, str]
) -> tuple[AnsweredAttribute, ...]:
    """Every attribute with its answer, in the rule's order.

    Raises
    ------
    ValueError
        If one has no answer and no reason, or both, or is not of the list.
    """
    known = {attribute.number for attribute in SOURCE_ATTRIBUTES}
    given = [*answers, *not_assessed]
    if set(given) != known or len(given) != len(known):
        raise ValueError("every source attribute takes one answer or one reason")
    return tuple(
        AnsweredAttribute(
            number=each.number,
            group=each.group,
            question=each.question,
            assessed=each.number in answers,
            answer=answers.get(each.number) or not_assessed[each.number],
        )
        for each in SOURCE_ATTRIBUTES
    )


def unanswered(attributes: tuple[AnsweredAttribute, ...]) -> tuple[str, ...]:
    """Numbers of the rule's attributes that a card leaves out or leaves blank."""
    given = {each.number for each in attributes if each.answer.strip()}
    return tuple(each.number for each in SOURCE_ATTRIBUTES if each.number not in given)
