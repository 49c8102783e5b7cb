/** The main road: vhost-nvme on RD_MCP. */
import { benchRoad } from './road-groups.ts';

benchRoad('vhost-nvme', 'rd_mcp');
