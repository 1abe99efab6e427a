// What every page of these tests does with the library: names the photo that its address asks for.
export async function sketch({ imageClassifier, setModelPath }) {
  const output = document.querySelector('output');
  const asked = new URLSearchParams(location.search);
  const model = asked.get('model');
  try {
    const image = new Image();
    image.src = `/photos/${model}.png`;
    await image.decode();
    if (model !== 'digits') setModelPath('/shelf/');
    const classifier = await imageClassifier(model, { worker: asked.get('worker') !== 'false' });
    const [best] = await classifier.classify(image);
    output.textContent = best.label;
  } catch (error) {
    output.textContent = String(error);
  }
}
