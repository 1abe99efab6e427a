// Two sketches on one page, each with a network of its own: one reads a one, the other a seven.
function reader(strokes) {
  return (sketch) => {
    let classifier;
    let paper;
    let label = '…';

    sketch.setup = async () => {
      sketch.createCanvas(200, 240);
      sketch.textFont('Georgia');
      paper = sketch.createGraphics(200, 200);
      paper.pixelDensity(1);
      paper.background(24, 34, 46);
      paper.stroke(255);
      paper.strokeWeight(18);
      for (const [a, b, c, d] of strokes) paper.line(a, b, c, d);
      classifier = await ml5.imageClassifier('digits');
      const results = await classifier.classify(paper.get());
      label = results[0].label;
      sketch.describe(`It reads ${label}.`);
    };

    sketch.draw = () => {
      sketch.background('#f6efe2');
      if (paper) sketch.image(paper, 0, 0);
      sketch.textSize(26);
      sketch.text(label, 92, 230);
    };
  };
}

new p5(reader([[100, 40, 100, 160]]));
new p5(
  reader([
    [60, 45, 140, 45],
    [140, 45, 90, 160],
  ]),
);
