/** The road whose controller runs in the host. */
import { benchRoad } from './road-groups.ts';

benchRoad('vhost-nvme-bar', 'rd_mcp');
