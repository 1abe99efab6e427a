// Where WebAssembly lives, long work pauses now and then, so that others get their turn.

/** Milliseconds between two looks at messages. */
export const sliceMilliseconds = 25;

/** Lets messages and timers through. Not setTimeout: browsers make it wait for 4 ms. */
export function breath(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
