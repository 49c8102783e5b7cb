/** Compliance suites for backends and target ports. @packageDocumentation */
export {
  checkBackend,
  checkTargetPort,
  type UnitCheckOptions,
  type UnitFactory,
  type UnitUnderTest,
} from './check-unit.ts';
export { type ConfigDifference, compareConfigs } from './compare-configs.ts';
export {
  type RecordedAttribute,
  type RecordedAttributes,
  replayAttributes,
} from './replay-attributes.ts';
export {
  type RecordedMachine,
  type RecordedRestore,
  type RestoreOutcome,
  replayRestore,
} from './replay-restores.ts';
export { LawError, UnitLaw } from './unit-laws.ts';
