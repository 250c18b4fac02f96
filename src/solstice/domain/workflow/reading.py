"""The engine that reads nodes by their specs: what was written, and how it differs from the language."""

from collections.abc import Iterable

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import Node, Property, Value
from solstice.domain.workflow.grammar import Child, Entries, Kind, NodeSpec, Slot
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Entry, Reading, Written


def read_node(reader: Reader, node: Node, spec: NodeSpec) -> Reading:
    """Read a node and all below it."""
    return _NodeReader(reader, node, spec).read()


class _NodeReader:
    """Reads one node; what it has met so far decides what may still come."""

    def __init__(self, reader: Reader, node: Node, spec: NodeSpec) -> None:
        self.reader = reader
        self.node = node
        self.spec = spec
        self.values: dict[str, tuple[Written, ...]] = {}
        self.children: dict[str, list[Reading]] = {}
        self.entries: dict[str, Entry] = {}
        self.met: dict[str, Span] = {}
        """Slots and single children by the place they were first written at."""

    def read(self) -> Reading:
        if self.node.annotation:
            self._refuse_annotation(self.node)
        if not self._read_arguments():
            return Reading(self.node)
        for prop in self.node.properties:
            self._read_property(prop)
        for child in self.node.children:
            self._read_child(child)
        self._demand_required()
        return Reading(
            self.node,
            self.values,
            {name: tuple(found) for name, found in self.children.items()},
            tuple(self.entries.values()),
            frozenset(self.met),
        )

    def _read_arguments(self) -> bool:
        wanted = self.spec.arguments
        for slot, value in zip(wanted, self.node.arguments, strict=False):
            written = self.reader.take(value, slot.kind)
            self.met[slot.name] = value.span
            if written:
                self.values[slot.name] = (written,)
        for value in self.node.arguments[len(wanted) :]:
            self._refuse_argument(value)
        for slot in wanted[len(self.node.arguments) :]:
            if slot.required:
                self._refuse_missing(slot, "missing-argument", f'write {self.node.name} "…"')
        return self._choose_variant()

    def _choose_variant(self) -> bool:
        if not self.spec.variants:
            return True
        chosen = self.values.get(self.spec.arguments[0].name)
        if not chosen:
            return False
        self.spec = self.spec.variants[str(chosen[0].value)]
        return True

    def _read_property(self, prop: Property) -> None:
        slot, entries = self.spec.slots.get(prop.name), self.spec.entries
        if slot:
            self._fill(slot, prop.name_span, [prop.value])
        elif prop.name in self.spec.children:
            self.reader.refuse(
                "unknown-property",
                f"`{prop.name}` is a node, not a property",
                prop.name_span,
                expected=f"{prop.name} {{ … }} between the braces of `{self.node.name}`",
            )
        elif entries:
            self._fill_entry(entries, prop.name, prop.name_span, [prop.value])
        else:
            self._refuse_unknown("unknown-property", "property", prop.name, prop.name_span)

    def _read_child(self, child: Node) -> None:
        slot, known, entries = (
            self.spec.slots.get(child.name),
            self.spec.children.get(child.name),
            self.spec.entries,
        )
        if slot:
            self._require_plain(child)
            self._fill(slot, child.name_span, child.arguments if slot.many else self._only_argument(child))
        elif known:
            self._read_known(child, known)
        elif entries:
            self._require_plain(child)
            values = child.arguments if entries.many else self._only_argument(child)
            self._fill_entry(entries, child.name, child.name_span, values)
        else:
            self._refuse_unknown("unknown-node", "node", child.name, child.name_span)

    def _read_known(self, child: Node, known: Child) -> None:
        if not known.many and self._is_repeated(child.name, child.name_span, "repeated-node"):
            return
        self.children.setdefault(child.name, []).append(read_node(self.reader, child, known.spec))

    def _fill(self, slot: Slot, name_span: Span, values: Iterable[Value]) -> None:
        if self._is_repeated(slot.name, name_span, "repeated-value", many=slot.many):
            return
        taken = [written for written in (self.reader.take(value, slot.kind) for value in values) if written]
        self.values[slot.name] = tuple(taken)
        if not values:
            self._refuse_valueless(slot.name, name_span, slot.kind)

    def _fill_entry(self, entries: Entries, name: str, span: Span, values: Iterable[Value]) -> None:
        first = self.entries.get(name)
        if first:
            line = self.reader.line_of(first.name_span)
            self.reader.refuse("duplicate-name", f"`{name}` is already there, on line {line}", span)
            return
        if len(self.entries) == entries.most:
            message = f"`{self.node.name}` holds more than {entries.most} names"
            self.reader.refuse(
                "limit-entries", message, self.node.name_span, expected=f"at most {entries.most}"
            )
        self.reader.take(Value(name, span), entries.names)
        taken = [
            written for written in (self.reader.take(value, entries.values) for value in values) if written
        ]
        self.entries[name] = Entry(name, span, tuple(taken))
        if not values:
            self._refuse_valueless(name, span, entries.values)

    def _only_argument(self, child: Node) -> tuple[Value, ...]:
        for extra in child.arguments[1:]:
            message = f"`{child.name}` takes one value"
            self.reader.refuse("unexpected-argument", message, extra.span, hint="leave this one out")
        return child.arguments[:1]

    def _require_plain(self, child: Node) -> None:
        if child.annotation:
            self._refuse_annotation(child)
        for prop in child.properties:
            self.reader.refuse("unknown-property", f"`{child.name}` takes no properties", prop.span)
        if child.has_children:
            message = f"`{child.name}` takes values, not nodes"
            self.reader.refuse(
                "unexpected-children", message, child.name_span, hint=f'write {child.name} "…"'
            )

    def _is_repeated(self, name: str, span: Span, code: str, *, many: bool = False) -> bool:
        first = self.met.setdefault(name, span)
        if first is span:
            return False
        self.reader.refuse(
            code,
            f"`{name}` is already there, on line {self.reader.line_of(first)}",
            span,
            expected=f"`{name}` once" + (", with all its values" if many else ""),
            hint=f'write all of them as {name} "…" "…"' if many else "leave one of them out",
        )
        return True

    def _demand_required(self) -> None:
        for slot in self.spec.slots.values():
            if slot.required and slot.name not in self.met:
                self._refuse_missing(slot, "missing-value", f'write {slot.name}="…"')
        for name, child in self.spec.children.items():
            if child.required and name not in self.children:
                message = f"`{self.node.name}` has no `{name}`"
                self.reader.refuse("missing-node", message, self.node.name_span, expected=f"{name} {{ … }}")

    def _refuse_missing(self, slot: Slot, code: str, hint: str) -> None:
        message = f"`{self.node.name}` has no `{slot.name}`"
        self.reader.refuse(code, message, self.node.name_span, expected=slot.kind.words, hint=hint)

    def _refuse_valueless(self, name: str, span: Span, kind: Kind) -> None:
        message = f"`{name}` has no value"
        self.reader.refuse("missing-argument", message, span, expected=kind.words, hint=f'write {name} "…"')

    def _refuse_argument(self, value: Value) -> None:
        first = next(iter(self.spec.slots), "") if not self.spec.arguments else ""
        hint = f'write {first}="…"' if first else ""
        if self.spec.variants:
            hint = f"write one `{self.node.name}` for each"
        # As in YAML: `runs_on: x`.
        word = value.scalar[:-1] if isinstance(value.scalar, str) and value.scalar.endswith(":") else ""
        if word in self.spec.slots:
            hint = f'write {word}="…"'
        self.reader.refuse(
            "unexpected-argument", f"`{self.node.name}` takes no such value", value.span, hint=hint
        )

    def _refuse_annotation(self, node: Node) -> None:
        message, hint = f"the type `({node.annotation})` says nothing here", "write the node without it"
        self.reader.refuse("unexpected-annotation", message, node.name_span, hint=hint)

    def _refuse_unknown(self, code: str, noun: str, name: str, span: Span) -> None:
        known = [*self.spec.slots, *self.spec.children]
        self.reader.refuse(
            code,
            f"`{self.node.name}` knows no {noun} `{name}`",
            span,
            expected=_listed(known),
            hint=self._hint_at(name, known),
        )

    def _hint_at(self, name: str, known: list[str]) -> str:
        meant = self.spec.foreign.get(name, "")
        return f"did you mean `{meant}`?" if meant in known else meant or self.reader.suggest(name, known)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
