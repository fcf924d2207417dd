"""All that can be proved about menus before a person dials; `rules.py` names the rules, docs/MENUS.md shows them.

ways      verify_flow      every target is there, every screen is reached and left, every outcome has a branch
values    verify_words     every value is there where it is used, and fits where it goes
keys      verify_keys      no key means two things, no double press agrees
dialling  verify_dial      no string of digits means two things, and each leads where it says
texts     verify_texts     every text in every language, with the same placeholders
pages     verify_pages     every page fits, in every language and style, with the longest values
time      verify_time      every end can be reached before the network hangs up, without too many pages
ease      verify_ease      easy texts are easy
"""

from ussd_menus.graph import graph_of
from ussd_menus.measure import Measure
from ussd_menus.model import Finding, Profile
from ussd_menus.screens import Menus
from ussd_menus.verify_dial import dialling
from ussd_menus.verify_ease import ease
from ussd_menus.verify_flow import branches, exits, routers, subflows, targets
from ussd_menus.verify_keys import keys
from ussd_menus.verify_pages import pages
from ussd_menus.verify_texts import texts
from ussd_menus.verify_time import depth, time
from ussd_menus.verify_words import kept, variables, vocabulary


def verify(menus: Menus, profile: Profile = Profile()) -> list[Finding]:  # noqa: B008  - frozen
    """All findings, sorted by file and line; empty when the menus are sound for `profile`."""
    graph = graph_of(menus)
    measure = Measure(graph, profile)
    found = {
        *targets(menus),
        *exits(graph),
        *branches(graph),
        *subflows(graph),
        *routers(menus),
        *vocabulary(menus),
        *kept(graph),
        *variables(graph),
        *keys(graph),
        *dialling(graph),
        *texts(menus),
        *pages(measure),
        *depth(graph),
        *time(measure),
        *ease(menus),
    }
    return sorted(found)
