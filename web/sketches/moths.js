// Moths are born with random brains. Whoever comes closest to the lamp has the children.
let moths = [];
let generation = 1;
let distance = 0;
const lamp = { x: 380, y: 110 };
const life = 90;

function setup() {
  createCanvas(480, 320);
  moths = Array.from({ length: 24 }, () => born());
}

function born(brain) {
  const fresh = {
    inputs: 2,
    outputs: ['left', 'right', 'up', 'down'],
    task: 'classification',
    neuroEvolution: true,
  };
  return { x: 60, y: 260, brain: brain ?? ml5.neuralNetwork(fresh) };
}

function draw() {
  background(20, 22, 38, 60);
  noStroke();
  fill('#ffdf8a');
  circle(lamp.x, lamp.y, 24);
  fill('#f6efe2');
  for (const moth of moths) {
    const [{ label }] = moth.brain.classifySync([(lamp.x - moth.x) / 400, (lamp.y - moth.y) / 400]);
    moth.x += { left: -4, right: 4 }[label] ?? 0;
    moth.y += { up: -4, down: 4 }[label] ?? 0;
    circle(moth.x, moth.y, 9);
  }
  if (frameCount % life === 0) breed();
}

function breed() {
  const far = (moth) => dist(moth.x, moth.y, lamp.x, lamp.y);
  moths.sort((a, b) => far(a) - far(b));
  distance = far(moths[0]);
  describe(`Generation ${generation}: the best moth is ${round(distance)} pixels from the lamp.`);
  generation++;
  const [mother, father] = moths;
  const best = born(mother.brain.copy());
  moths = moths.slice(1).map(() => {
    const child = mother.brain.crossover(father.brain);
    child.mutate(0.2);
    return born(child);
  });
  moths.push(best);
}
