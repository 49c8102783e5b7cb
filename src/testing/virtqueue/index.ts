/** Replayers, models and the compliance suite of virtqueues. @packageDocumentation */
export {
  type DeviceSetup,
  type DriverSetup,
  libraryVirtqueue,
  type QueueSetup,
  type VirtqueueImplementation,
} from './implementation.ts';
export {
  type HostileCall,
  type HostileReport,
  type HostileRing,
  type HostileRings,
  replayHostileRings,
} from './replay-hostile-rings.ts';
export { type ReplayReport, replayTrace } from './replay-trace.ts';
export type { TraceBytes, TraceOp, TraceSegment, VirtqueueTrace } from './trace.ts';
