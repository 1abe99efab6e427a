// The library for Node: the same as for pages, with files, decoded pictures and no worker.
import { usePlatform } from './platform.js';
import { node } from './platformNode.js';

usePlatform(node);

export * from './index.js';
