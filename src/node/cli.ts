#!/usr/bin/env node
/** The program `lio-nvme`. @packageDocumentation */
import { processIo } from './cli/cli-io.ts';
import { main } from './cli/main.ts';
import { openStack } from './cli/open-stack.ts';

process.exitCode = await main(processIo(), process.argv.slice(2), openStack);
