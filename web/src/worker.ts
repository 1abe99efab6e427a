// The worker of a page: a runtime that answers to client.ts.
import * as Comlink from 'comlink';
import { WorkerRuntime } from './workerRuntime.js';

Comlink.expose(new WorkerRuntime());
