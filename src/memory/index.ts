/** Guest memory with regions and holes, ring memory, stores and allocators. @packageDocumentation */
export { PageAllocator } from './page-allocator.ts';
export { PageStore } from './page-store.ts';
export { type MemoryAccess, RecordingMemory } from './recording-memory.ts';
export { MemoryRegion, PAGE_BYTES, RegionMemory, type RegionSpec } from './region-memory.ts';
export { CallRing, callRing, TypedRing, typedRing } from './ring-memory.ts';
export { fillSg, loadSg, sgIsMapped, storeSg } from './sg-copy.ts';
