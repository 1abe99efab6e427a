// The worker of a page: a runtime that answers to client.ts.
import * as Comlink from 'comlink';
import { allowThreads } from './engine.js';
import { startThreads } from './threads.js';
import { WorkerRuntime } from './workerRuntime.js';

allowThreads(startThreads);
Comlink.expose(new WorkerRuntime());
