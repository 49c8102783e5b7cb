/** Time, chance, harm and sight for a simulated world. @packageDocumentation */
export { costPresets, NO_COSTS } from './cost-presets.ts';
export { EventFd, type EventFdOptions, MAX_EVENT_COUNT } from './event-fd.ts';
export { makePrng } from './prng.ts';
export { type FaultRule, SeededFaultPlan } from './seeded-fault-plan.ts';
export { SimExecutor, type SimExecutorOptions } from './sim-executor.ts';
export { makeTask } from './task.ts';
export { TraceRecorder } from './trace-recorder.ts';
