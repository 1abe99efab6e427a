// A voice murmurs without end. The surer it was of a letter, the darker that stands on the paper.
let voice;
let letters = [];
const start = 'MENENIUS:\n';

function setup() {
  createCanvas(480, 320);
  textFont('monospace');
  textSize(20);
  murmur();
}

async function murmur() {
  voice = await gesso.charRNN('shakespeare');
  for (const char of start) await say(char, 1);
  for (;;) {
    const { sample, probabilities } = await voice.predict(0.7);
    const { probability } = probabilities.find(({ char }) => char === sample);
    await say(sample, probability);
    if (letters.length % 20 === 0)
      describe(`It murmurs: ${letters.map(({ char }) => char).join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

async function say(char, sureness) {
  letters.push({ char, sureness });
  if (letters.length > 400) letters = letters.slice(letters.findIndex((l) => l.char === '\n') + 1);
  await voice.feed(char);
}

function draw() {
  background('#f6efe2');
  const lines = [[]];
  for (const letter of letters) {
    const line = lines.at(-1);
    if (letter.char !== '\n') line.push(letter);
    if (letter.char === '\n' || (line.length > 26 && letter.char === ' ')) lines.push([]);
  }
  for (const [row, line] of lines.slice(-11).entries()) {
    for (const [column, { char, sureness }] of line.entries()) {
      fill(lerpColor(color('#d9b7a2'), color('#2b2622'), sqrt(sureness)));
      text(char, 24 + 12 * column, 36 + 26 * row);
    }
  }
}
