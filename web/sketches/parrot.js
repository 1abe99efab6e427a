// A network reads the same page over and over, and after each round says what it has understood.
let said = '…';
const losses = [];
const rounds = 24;

function setup() {
  createCanvas(480, 320);
  textFont('Georgia');
  learn();
}

async function learn() {
  const page = await fetch('sketches/coriolanus.txt');
  const text = (await page.text()).slice(0, 12000);
  const voice = gesso.charRNN({ onWarning: () => {} }); // a page is little to learn from, it would say
  await voice.train(text, {
    units: 64,
    layers: 1,
    epochs: rounds,
    temperatures: [0.4],
    sampleLength: 120,
    onEpoch: heard,
  });
  const { sample } = await voice.generate({ seed: 'All:\n', length: 120, temperature: 0.4 });
  said = sample;
  describe(`It has learned, and says: ${sample}`);
}

function heard({ loss, samples }) {
  losses.push(loss);
  said = samples[0].text;
  describe(`After ${losses.length} rounds it is surprised by ${nf(loss, 1, 1)}, and says: ${said}`);
}

function draw() {
  background('#f6efe2');
  noStroke();
  for (const [i, loss] of losses.entries()) {
    fill(i === losses.length - 1 ? '#b3402a' : '#d9c5a8');
    const high = 26 * loss;
    rect((i * width) / rounds + 2, height - high, width / rounds - 4, high, 3);
  }
  fill('#2b2622');
  textSize(19);
  textLeading(26);
  text(said, 24, 24, width - 48, 190);
}
