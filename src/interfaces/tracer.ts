/** Sight: one event at a time, from every layer. */

/** The layers of the stack, top to bottom, as traces and fault plans name them. */
export const Layer = {
  workload: 'workload',
  nvmeDriver: 'nvme-driver',
  nvmeDevice: 'nvme-device',
  vmm: 'vmm',
  virtqueue: 'virtqueue',
  vhost: 'vhost',
  frontend: 'frontend',
  target: 'target',
  backend: 'backend',
  block: 'block',
  blockDriver: 'block-driver',
  device: 'device',
} as const;

/** One of {@link Layer}. */
export type Layer = (typeof Layer)[keyof typeof Layer];

/**
 * Receives events. Held in a nullable field and tested once per event, so that an untraced run pays nothing.
 *
 * `a` and `b` are two numbers in the layer's own terms (an LBA, a length, a status); their meaning is
 * documented beside each event name where it is emitted.
 */
export interface Tracer {
  /** One event of a layer; `ioId` names the I/O that it belongs to. */
  event(layer: Layer, name: string, ioId: number, a: number, b: number): void;
}
