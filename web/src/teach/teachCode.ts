// All that teaching needs beside what every page has.
export { Extractor } from './extractor.js';
