// The same for gesso.js, where it is a part of people.js.
export { peopleCode as seeingCode } from './laterBeside.js';
