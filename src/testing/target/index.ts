/** Compliance suites for backends and target ports. @packageDocumentation */
export {
  checkBackend,
  checkTargetPort,
  type UnitCheckOptions,
  type UnitFactory,
  type UnitUnderTest,
} from './check-unit.ts';
export { LawError, UnitLaw } from './unit-laws.ts';
