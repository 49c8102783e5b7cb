/** The controller on the target by function calls, on RD_MCP. */
import { benchRoad } from './road-groups.ts';

benchRoad('direct', 'rd_mcp');
