/** Compliance suites for backends and target ports. @packageDocumentation */
export {
  checkBackend,
  checkTargetPort,
  type UnitCheckOptions,
  type UnitFactory,
  type UnitUnderTest,
} from './check-unit.ts';
export {
  type RecordedAttribute,
  type RecordedAttributes,
  replayAttributes,
} from './replay-attributes.ts';
export { LawError, UnitLaw } from './unit-laws.ts';
