"""One configuration as SQL: who is the authority for a SKU, and what each channel should show.

The aliases are l (a listing) and i (its item). `sync.targets.policy` is the same formula in Python;
a property test holds the two equal.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from store.cells.cell_ids import cell
from store.cells.unseen_sums import unseen_sum
from store.model import NOT_FOR_SALE, UNCOUNTED, ChannelTerms, Figure, Policy, State, Terms
from store.targets import copies
from store.targets.rule_choices import FUNCTION, RuleChoices, nested

MANY = 50
"""From more rules than this on, they are not tried one after the other."""


def _base(figure: Figure, *, moves: bool) -> str:
    """SQL for the figure that a target is made of, in pieces; `moves`: with what is unseen."""
    left, on_hand = "i.truth_quantity", "i.truth_on_hand"
    if moves:
        left = f"({left} + {unseen_sum('available')})"
        on_hand = f"{on_hand} + {unseen_sum('on_hand')}"
    if figure is Figure.ON_HAND:
        return f"coalesce({on_hand}, {left})"
    return left if figure is Figure.AVAILABLE else f"({left} + coalesce(i.truth_incoming, 0))"


_WORDS_NOT_FOR_SALE = ", ".join(f"'{state}'" for state in NOT_FOR_SALE)

STATE_DIFFERS = f"""CASE WHEN l.state = '{UNCOUNTED}'
  THEN (l.target_quantity = 0
      AND coalesce(l.target_state, '') NOT IN ('{State.BACKORDER}', '{State.PREORDER}'))
    OR coalesce(l.target_state, '') IN ({_WORDS_NOT_FOR_SALE})
  ELSE l.state <> l.target_state END"""
"""SQL for whether listing l is sold where it should not be, or the other way round.

What is sold without being counted never runs out: where there is nothing to sell, it sells what is
not there.
"""


def state_settles_at(state: str, listing_id: str, *, reduce_ms: str, raise_ms: str) -> str:
    """SQL for the instant from which a state that differs can be acted on."""
    # A listing that is not counted is too much wherever nothing may be sold, like a number that is
    # too high: it is judged by every target of the last `settle.reduce`.
    return f"""coalesce(CASE WHEN {state} = '{UNCOUNTED}'
      THEN (SELECT max(t.until_at) + {reduce_ms} FROM past_targets t
        WHERE t.listing_id = {listing_id} AND t.quantity > 0
          AND coalesce(t.state, '') NOT IN ({_WORDS_NOT_FOR_SALE}))
      ELSE (SELECT max(t.until_at) + {raise_ms} FROM past_targets t
        WHERE t.listing_id = {listing_id} AND t.state = {state}) END, 0)"""


class PolicySql:
    """SQL for one configuration on one cache; `values` are the patterns that it binds.

    `moves`: whether anything can have moved that a reading does not include. Where no event ever
    came, to look for that would take a third of a comparison of all.
    """

    # A policy's numbers stand in the SQL as literals, channel by channel. So a target is arithmetic
    # on one row; a join to a table of rules would have to match patterns for each listing.

    def __init__(
        self,
        terms: Terms,
        ids: dict[str, int],
        rules: RuleChoices | None = None,
        *,
        moves: bool = True,
    ) -> None:
        self.terms = terms
        self._moves = moves
        self.ids = ids
        self.values: dict[str, object] = {}
        self.rules = rules or RuleChoices()
        """What the connection that runs the SQL must know: see `RuleChoices.register`."""
        self._globs: dict[str, str] = {}
        self._figures: dict[tuple[str, str], str] = {}

    def under(self, terms: Terms) -> "PolicySql":
        """SQL for another configuration of this cache, which one statement can have beside this."""
        other = PolicySql(terms, self.ids, self.rules, moves=self._moves)
        other.values, other._globs = self.values, self._globs
        return other

    def case(self, choices: Iterable[tuple[str, str]]) -> str:
        """SQL for the first choice whose glob matches `i.sku`. Patterns are bound, never pasted."""
        listed = list(choices)
        if len(listed) > MANY:
            return self._case_of_many(listed)
        arms = ""
        for pattern, expression in listed:
            if pattern == "*":
                return f"CASE{arms} ELSE {expression} END" if arms else f"({expression})"
            arms += f" WHEN i.sku GLOB :{self._glob(pattern)} THEN {expression}"
        return f"CASE{arms} END"

    def matches(self, patterns: Sequence[str]) -> str:
        """SQL for whether `i.sku` matches one of the patterns."""
        if len(patterns) > MANY:
            return f"{self.case((pattern, '1') for pattern in patterns)} = 1"
        # The unary plus keeps SQLite from making bounds of the pattern: the caller has given some.
        globs = " OR ".join(f"+i.sku GLOB :{self._glob(pattern)}" for pattern in patterns)
        return f"({globs})"

    def _glob(self, pattern: str) -> str:
        """The name under which the pattern is bound."""
        glob = pattern.replace("[!", "[^")
        # The same rules are the same SQL: whoever needs it for several channels can tell.
        name = self._globs.setdefault(glob, f"glob{len(self._globs)}")
        self.values[name] = glob
        return name

    def has_many_rules(self) -> bool:
        """Whether a connection needs `rules` for this SQL."""
        lists = [self.terms.authorities, *(channel.policies for channel in self.terms.channels)]
        return any(len(rules) > MANY for rules in lists)

    def _case_of_many(self, choices: list[tuple[str, str]]) -> str:
        expressions = list(dict.fromkeys(expression for _, expression in choices))
        places = {expression: place for place, expression in enumerate(expressions)}
        number = self.rules.number(
            tuple(pattern for pattern, _ in choices),
            tuple(places[expression] for _, expression in choices),
        )
        return nested(f"{FUNCTION}({number}, i.sku)", expressions)

    def authority(self, attribute: str) -> str:
        """SQL for the id of the channel that is the authority for `i.sku`."""
        return self.case(
            (rule.skus, str(self.ids[getattr(rule, attribute)])) for rule in self.terms.authorities
        )

    def authority_units(self) -> str:
        """SQL for how many pieces one unit of the quantity's authority holds."""
        channels = {channel.name: channel for channel in self.terms.channels}
        return self.case(
            (rule.skus, self.units_of(channels[rule.quantity])) for rule in self.terms.authorities
        )

    def counts_pieces(self) -> bool:
        """Whether one unit of every quantity's authority is one piece."""
        sources = {rule.quantity for rule in self.terms.authorities}
        policies = (
            rule
            for channel in self.terms.channels
            if channel.name in sources
            for rule in channel.policies
        )
        return all(rule.units == 1 for rule in policies)

    def is_read_from(self, channel: str) -> bool:
        """Whether the truth of every SKU is what that channel alone shows, in single pieces."""
        rules = self.terms.authorities
        sources = {(rule.quantity, rule.state) for rule in rules}
        of_all = any(rule.skus == "*" for rule in rules)
        flows_in = any(configured.inflow for configured in self.terms.channels)
        is_only = of_all and sources == {(channel, channel)}
        return is_only and self.counts_pieces() and not flows_in

    def per_channel(self, expression: Callable[[ChannelTerms], str]) -> str:
        """SQL for each channel's own expression over listing l and item i, NULL for others."""
        arms = " ".join(
            f"WHEN {self.ids[channel.name]} THEN {expression(channel)}"
            for channel in self.terms.channels
        )
        return f"CASE l.channel_id {arms} END"

    def units(self) -> str:
        """SQL for how many pieces one unit of listing l's channel holds."""
        return self.per_channel(self.units_of)

    def sold(self, channel: ChannelTerms) -> str:
        """SQL for whether the channel sells `i.sku` at all: 0 or 1."""
        return self.case((rule.skus, str(int(rule.sold))) for rule in channel.policies)

    def expected(self, channel: ChannelTerms) -> str:
        """SQL for whether the channel is to list item i where the authority has it: 0 or 1."""
        clauses = [f"{self.sold(channel)} = 1", str(int(channel.report_missing))]
        if channel.places:
            clauses.append(f"i.location IN ({self._bound(channel.places)})")
        elif self.terms.pools:
            pools = self._bound(tuple(pool.location for pool in self.terms.pools))
            clauses.append(f"i.location NOT IN ({pools})")
        return f"({' AND '.join(clauses)})"

    def target_quantity(self, channel: ChannelTerms) -> str:
        """SQL for the quantity that the channel should show; NULL where it has no target."""
        if "quantity" in channel.inflow:
            return "NULL"  # Its own number flows to the authority, so that it is right by contract.
        number = "NULL"
        inflow = self._inflow("quantity")
        if inflow is not None and inflow is not channel:
            theirs = f"s.available * {self.units_of(inflow)} / {self.units_of(channel)}"
            number = self._shown_by(inflow, f"max(0, {theirs})")
        return self._by_authority("quantity", channel, self.policy_quantity(channel), number)

    def target_state(self, channel: ChannelTerms) -> str:
        """SQL for the state that the channel should show; NULL where none is compared."""
        if "state" in channel.inflow:
            return "NULL"
        state = "NULL"
        inflow = self._inflow("state")
        if inflow is not None and inflow is not channel:
            state = self._shown_by(inflow, "s.state")
        return self._by_authority("state", channel, self.policy_state(channel), state)

    def _by_authority(self, attribute: str, channel: ChannelTerms, policy: str, own: str) -> str:
        """SQL for what a channel follows: its policy; where it is the authority itself, `own`."""
        mine = str(self.ids[channel.name])
        authority = self.authority(attribute)
        if authority == f"({mine})":
            return own
        if len(self.terms.authorities) == 1:
            return policy
        return f"CASE WHEN {authority} <> {mine} THEN {policy} ELSE {own} END"

    def policy_quantity(self, channel: ChannelTerms) -> str:
        """SQL for the quantity that the channel's policy makes of the truth, whoever says that."""
        return self.case((rule.skus, self._quantity(rule, channel)) for rule in channel.policies)

    def policy_state(self, channel: ChannelTerms) -> str:
        """The same of the state; NULL where none is compared."""
        return self.case(
            (rule.skus, _state(rule, channel, self._quantity(rule, channel)))
            for rule in channel.policies
        )

    def kind(self, channel: ChannelTerms) -> str:
        """SQL for how listing l disagrees in presence or number, or NULL where it does not."""
        authority = self.authority("quantity")
        return f"""CASE
          WHEN l.present = 0 THEN CASE WHEN l.target_quantity IS NOT NULL
            AND {self.expected(channel)} THEN 'missing' END
          WHEN l.copies > 1 THEN 'duplicate'
          WHEN l.available < 0 THEN 'negative'
          WHEN l.target_quantity IS NOT NULL THEN
            CASE WHEN {copies.DIFFERS} THEN 'quantity' END
          WHEN i.truth_quantity IS NULL AND l.available IS NOT NULL AND i.uncounted = 0
            AND {authority} <> {self.ids[channel.name]}
            AND (SELECT good_poll_id FROM channels WHERE id = {authority}) IS NOT NULL
          THEN 'unlisted' END"""

    def rests_on(self, attribute: str) -> str:
        """SQL for the listing that an authority's own target rests on; NULL for all others."""
        inflow = self._inflow(attribute)
        if inflow is None:
            return "NULL"
        listing = self._shown_by(inflow, "s.id")
        return f"CASE WHEN l.channel_id = {self.authority(attribute)} THEN {listing} END"

    def _inflow(self, attribute: str) -> ChannelTerms | None:
        """The channel whose attribute flows to the authority (rule 2, docs/architecture.md)."""
        return next(
            (channel for channel in self.terms.channels if attribute in channel.inflow), None
        )

    def _shown_by(self, channel: ChannelTerms, expression: str) -> str:
        """SQL for something of that channel's own listing s of item i, if that is not in doubt."""
        listing = cell(str(self.ids[channel.name]), "i.id")
        return f"""(SELECT {expression} FROM listings s
          WHERE s.id = {listing} AND s.present = 1 AND s.copies = 1)"""

    def units_of(self, channel: ChannelTerms) -> str:
        """SQL for how many pieces of item i one unit of the channel holds."""
        return self._figure(channel, "units") or self.case(
            (rule.skus, str(rule.units)) for rule in channel.policies
        )

    def _quantity(self, policy: Policy, channel: ChannelTerms) -> str:
        figures = (
            self._figure(channel, name) or str(getattr(policy, name) or 0)
            for name in ("buffer", "share_ppm", "cap", "units")
        )
        base = _base(policy.made_of, moves=self._moves)
        return _quantity(policy, channel, _Figures(base, *figures))

    def _figure(self, channel: ChannelTerms, name: str) -> str:
        """SQL for a number of the channel's rule for `i.sku`; empty where there are few rules."""
        # Twenty thousand rules may have as many buffers. As literals each would be a formula of its
        # own, and SQLite would need minutes to read them.
        if len(channel.policies) <= MANY:
            return ""
        key = (channel.name, name)
        if key not in self._figures:
            patterns = tuple(rule.skus for rule in channel.policies)
            numbers = tuple(int(getattr(rule, name) or 0) for rule in channel.policies)
            self._figures[key] = f"{FUNCTION}({self.rules.number(patterns, numbers)}, i.sku)"
        return self._figures[key]

    def _bound(self, texts: tuple[str, ...]) -> str:
        names = []
        for text in texts:
            names.append(f"place{len(self.values)}")
            self.values[names[-1]] = text
        return ", ".join(f":{name}" for name in names)


class _Figures(NamedTuple):
    """What a quantity is worked out of, each as SQL."""

    base: str
    buffer: str
    share_ppm: str
    cap: str
    units: str


def _quantity(policy: Policy, channel: ChannelTerms, figures: _Figures) -> str:
    """Rule 6, docs/architecture.md, as SQL over `i`: NULL without a truth, never below 0."""
    base, buffer, share_ppm, cap, units = figures
    none = "CASE WHEN i.truth_quantity IS NOT NULL THEN 0 END"
    if not policy.sold or policy.state in channel.hides:
        return none
    # Multiplied before it is divided, in whole numbers: a share rounds down once and no float is in
    # it.
    formula = f"max(0, {base})" if buffer == "0" else f"max(0, {base} - {buffer})"
    if (share_ppm, units) != ("1000000", "1"):
        per_unit = f"1000000 * {units}"
        if units.isdigit():
            per_unit = str(1_000_000 * int(units))
        formula = f"{formula} * {share_ppm} / ({per_unit})"
    if policy.cap is not None:
        formula = f"min({cap}, {formula})"
    if policy.state is not None or not channel.hides:
        return formula
    # Where the authority has no states (NULL is in no list), its quantity is all there is.
    words = ", ".join(f"'{state}'" for state in channel.hides)
    hidden = f"i.truth_state IN ({words}) AND i.truth_quantity IS NOT NULL"
    return f"CASE WHEN {hidden} THEN 0 ELSE {formula} END"


def _state(policy: Policy, channel: ChannelTerms, quantity: str) -> str:
    """SQL for the state that the channel should show: NULL where states are not compared."""
    if not channel.states:
        return "NULL"
    words = ", ".join(f"'{state}'" for state in channel.states)
    wanted = "i.truth_state" if policy.state is None else f"'{policy.state}'"
    if policy.when_out not in channel.states or not policy.sold:
        return f"CASE WHEN {wanted} IN ({words}) THEN {wanted} END"
    # With when_out, what can be sold is active and what is out is not, whoever has no states.
    shown = f"coalesce({wanted}, '{State.ACTIVE}')"
    return f"""CASE WHEN i.truth_quantity IS NULL
        THEN CASE WHEN {wanted} IN ({words}) THEN {wanted} END
      WHEN {shown} = '{State.ACTIVE}' AND {quantity} = 0 THEN '{policy.when_out}'
      WHEN {shown} IN ({words}) THEN {shown} END"""
