// In a browser: fetches requests of a test program, and posts each answer when asking for the next.
import { messageOf } from '../../web/src/errors.js';
import { decode, encode } from './codec.js';
import { type Answer, type Request, Session } from './session.js';

const ask = new URLSearchParams(location.search).get('ask') === 'least' ? 'least' : 'most';
const opened = Session.open(navigator.gpu, ask);

async function answer(request: Request): Promise<Answer> {
  try {
    return await (await opened).handle(request);
  } catch (error) {
    return { error: messageOf(error) };
  }
}

let body = encode(null);
for (;;) {
  const response = await fetch('/next', { method: 'POST', body });
  const request = decode(await response.arrayBuffer()) as Request;
  body = encode(await answer(request));
}
