/** Replayers, arbitraries, models and compliance suites for users' own layers. @packageDocumentation */

export * from './block/index.ts';
export * from './nvme/index.ts';
export * from './target/index.ts';
export * from './virtqueue/index.ts';
