// The page of the models that this browser keeps.
import { ModelsPanel } from '../studio/modelsPanel.js';

await new ModelsPanel().show();
