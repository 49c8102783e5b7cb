/** What stores the bytes of a logical unit: RD_MCP, nullio, and wrappers around any of them. @packageDocumentation */
export { NullioBackend } from './nullio.ts';
export { RD_MAX_TRANSFER_BYTES, RdMcpBackend, type RdMcpOptions } from './rd-mcp.ts';
