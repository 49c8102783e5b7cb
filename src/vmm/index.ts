/** The VMM's glue: NVMe commands of a controller onto a road. @packageDocumentation */

export { BarForwarder, type BarForwarderOptions } from './bar-forwarder.ts';
export { FRAME_BYTES } from './request-frames.ts';
export {
  type DriverRing,
  type DriverRingFactory,
  VhostTransport,
  type VhostTransportOptions,
} from './vhost-transport.ts';
export {
  MAX_PORT_IN_FLIGHT,
  VirtqueueCommandPort,
  type VirtqueueCommandPortOptions,
} from './virtqueue-command-port.ts';
export type { VirtqueueTransport } from './virtqueue-transport.ts';
