// A voice murmurs without end. The surer it was of a letter, the darker that stands on the paper.
let rnn;
let letters = [];
const start = 'MENENIUS:\n';

function setup() {
  createCanvas(480, 320);
  textFont('Georgia');
  textSize(20);
  rnn = ml5.charRNN('shakespeare', murmur);
}

async function murmur() {
  for (const char of start) await say(char, 1);
  for (;;) {
    const { sample, probabilities } = await rnn.predict(0.7);
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
  await rnn.feed(char);
}

function draw() {
  background('#f6efe2');
  const lines = [[]];
  for (const letter of letters) {
    const line = lines.at(-1);
    if (letter.char !== '\n') line.push(letter);
    if (letter.char === '\n' || (line.length > 38 && letter.char === ' ')) lines.push([]);
  }
  for (const [row, line] of lines.slice(-11).entries()) {
    let x = 24;
    for (const { char, sureness } of line) {
      fill(lerpColor(color('#d9b7a2'), color('#2b2622'), sqrt(sureness)));
      text(char, x, 36 + 26 * row);
      x += textWidth(char);
    }
  }
}
