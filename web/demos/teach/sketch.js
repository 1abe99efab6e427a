// Show it three things, hold a button for each, and it learns to tell them apart. No picture leaves the page.
import { featureExtractor, openProject } from 'gesso';
import { studio } from '../studio/teachable.ts';

studio.onNew((base, options) => featureExtractor(base, options));

studio.onOpen((project, options) => openProject(project, options));

studio.onHold((teacher, video, label, options) => teacher.capture(video, label, options));

studio.onPicture((teacher, picture, label, options) => teacher.addImage(picture, label, options));

studio.onTrain((teacher, options, show) => teacher.train(options, show));

studio.onLook((teacher, picture) => teacher.classify(picture));

studio.onWatch((teacher, video, show, options) => teacher.watch(video, show, options));

studio.onSave((teacher, where) => teacher.save(where));
