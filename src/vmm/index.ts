/** The VMM's glue: NVMe commands of a controller onto a road. @packageDocumentation */
export {
  type DriverRing,
  type DriverRingFactory,
  VhostTransport,
  type VhostTransportOptions,
} from './vhost-transport.ts';
export {
  FRAME_BYTES,
  MAX_PORT_IN_FLIGHT,
  VirtqueueCommandPort,
  type VirtqueueCommandPortOptions,
} from './virtqueue-command-port.ts';
export type { VirtqueueTransport } from './virtqueue-transport.ts';
