/** What needs Node: real files and configuration files. @packageDocumentation */
export { readSaveconfig, writeSaveconfig } from './config-file.ts';
export { type FileCalls, NodeFileHandle, type NodeFileOptions } from './node-file.ts';
