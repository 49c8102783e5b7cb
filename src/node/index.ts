/** What needs Node: real files. @packageDocumentation */
export { type FileCalls, NodeFileHandle, type NodeFileOptions } from './node-file.ts';
