// The network of the demo that learns to read digits.
import { conv2d, dense, flatten, type Layer, maxPooling2d } from 'gesso';

export function pictureLayers(): Layer[] {
  return [
    conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: 64, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ];
}
