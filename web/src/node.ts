// What makes a page's library one for Node: files, decoded pictures, and no worker.
import { usePlatform } from './platform.js';
import { node } from './platformNode.js';

usePlatform(node);

export * from './index.js';
