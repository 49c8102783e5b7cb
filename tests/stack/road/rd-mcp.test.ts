import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('RD_MCP', { type: 'rd_mcp', size: DISK_BYTES });
