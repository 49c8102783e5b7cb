/** The states of a zone, which may follow which, and what each management action makes of them. Zoned Namespaces 1.1, 2.1.1.2 and 2.1.1.3. */
import { ZoneSendAction, ZoneState } from '../../../wire/nvme-zoned.ts';

const { empty, implicitlyOpen, explicitlyOpen, closed, readOnly, full, offline } = ZoneState;

/** Bit set of states. */
const setOf = (...states: readonly ZoneState[]): number =>
  states.reduce((set, state) => set | (1 << state), 0);

const has = (set: number, state: ZoneState): boolean => ((set >>> state) & 1) !== 0;

const OPEN = setOf(implicitlyOpen, explicitlyOpen);
const ACTIVE = OPEN | setOf(closed);
const WRITABLE = ACTIVE | setOf(empty);
/** A zone may fail in any state. */
const FAILED = setOf(readOnly, offline);

/** For each state the states that may follow: the arrows of the zone state diagram. */
const FOLLOWERS: Readonly<Record<ZoneState, number>> = {
  [empty]: setOf(implicitlyOpen, explicitlyOpen, closed, full) | FAILED,
  [implicitlyOpen]: setOf(empty, explicitlyOpen, closed, full) | FAILED,
  [explicitlyOpen]: setOf(empty, closed, full) | FAILED,
  [closed]: setOf(empty, implicitlyOpen, explicitlyOpen, full) | FAILED,
  [full]: setOf(empty) | FAILED,
  [readOnly]: setOf(offline),
  [offline]: 0,
};

/** An action of Zone Management Send that changes states: where it leads, from where, and which states it selects when it selects all. */
interface Action {
  readonly to: ZoneState;
  readonly from: number;
  readonly all: number;
}

const ACTIONS: Readonly<Record<number, Action>> = {
  [ZoneSendAction.close]: { to: closed, from: ACTIVE, all: OPEN },
  [ZoneSendAction.finish]: { to: full, from: WRITABLE | setOf(full), all: ACTIVE },
  [ZoneSendAction.open]: { to: explicitlyOpen, from: WRITABLE, all: setOf(closed) },
  [ZoneSendAction.reset]: {
    to: empty,
    from: WRITABLE | setOf(full),
    all: ACTIVE | setOf(full),
  },
  [ZoneSendAction.offline]: { to: offline, from: FAILED, all: setOf(readOnly) },
  [ZoneSendAction.setExtension]: { to: closed, from: setOf(empty), all: 0 },
};

/** May a zone in state `from` enter state `to`? */
export function mayEnter(from: ZoneState, to: ZoneState): boolean {
  return has(FOLLOWERS[from], to);
}

/** Does a zone in this state hold an open resource? */
export function isOpen(state: ZoneState): boolean {
  return has(OPEN, state);
}

/** Does a zone in this state hold an active resource? */
export function isActive(state: ZoneState): boolean {
  return has(ACTIVE, state);
}

/** Has a zone in this state a write pointer that means something? */
export function hasWritePointer(state: ZoneState): boolean {
  return has(WRITABLE, state);
}

/** Where `action` leads a zone in state `from` (possibly where it is), or 0 when that is no valid transition. */
export function nextState(action: number, from: ZoneState): ZoneState | 0 {
  const rule = ACTIONS[action];
  return rule !== undefined && has(rule.from, from) ? rule.to : 0;
}

/** Does `action` take hold of a zone in state `from` when it selects all? */
export function isSelected(action: number, from: ZoneState): boolean {
  const rule = ACTIONS[action];
  return rule !== undefined && has(rule.all, from);
}
