/** Replayers, models and the compliance suite of virtqueues. @packageDocumentation */
export { bufferArbitrary, queueConfigArbitrary, scriptArbitrary } from './chain-arbitraries.ts';
export {
  type DeviceSetup,
  type DriverSetup,
  libraryVirtqueue,
  type QueueSetup,
  type VirtqueueImplementation,
} from './implementation.ts';
export { DATA_BASE, DATA_BYTES, makeChain, type QueueConfig, QueueWorld } from './queue-world.ts';
export {
  type HostileCall,
  type HostileReport,
  type HostileRing,
  type HostileRings,
  replayHostileRings,
} from './replay-hostile-rings.ts';
export { type ReplayReport, replayTrace } from './replay-trace.ts';
export {
  MAX_SCRIPT,
  runQueueScript,
  type ScriptedBuffer,
  type ScriptReport,
} from './run-queue-script.ts';
export type { TraceBytes, TraceOp, TraceSegment, VirtqueueTrace } from './trace.ts';
