// What a page with a network inside looks like, and what it does.

export const style = `
      :root { color-scheme: light dark; font: 1.125rem/1.6 system-ui, sans-serif; --paint: #2c3caf; }
      @media (prefers-color-scheme: dark) { :root { --paint: #9aa6ff; } }
      body { max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }
      h1 { font: 2rem/1.2 Georgia, serif; }
      .stage { border: 2px dashed color-mix(in srgb, currentColor 40%, transparent); border-radius: 1rem; overflow: hidden; }
      .stage.over { border-color: var(--paint); border-style: solid; }
      canvas { display: block; width: 100%; }
      .buttons { display: flex; flex-wrap: wrap; gap: 0.75rem; }
      button, .choose { font: inherit; padding: 0.5rem 1.2rem; border: 2px solid currentColor; border-radius: 2rem; background: none; color: inherit; cursor: pointer; }
      button[aria-pressed='true'] { background: var(--paint); border-color: var(--paint); color: Canvas; }
      .choose input { position: absolute; opacity: 0; width: 1px; height: 1px; }
      .choose:focus-within, button:focus-visible { outline: 3px solid var(--paint); outline-offset: 2px; }
      .answer { font: 1.6rem/1.3 Georgia, serif; min-height: 2.1rem; margin: 0.5rem 0; }
      ol { list-style: none; padding: 0; display: grid; gap: 0.6rem; }
      li { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; overflow-wrap: anywhere; }
      li i { grid-column: 1 / 3; height: 0.6rem; border-radius: 0.3rem; background: linear-gradient(to right, var(--paint) var(--share), color-mix(in srgb, currentColor 15%, transparent) var(--share)); }
      dl { font-size: 0.9rem; margin-top: 2rem; }
      dl div { display: flex; gap: 0.75rem; }
      dt { flex: 0 0 6rem; font-weight: bold; }
      dd { margin: 0; overflow-wrap: anywhere; }
    `;

export const program = `
      const find = (name) => document.querySelector('[data-' + name + ']');
      const [stage, seen, camera, file] = ['stage', 'seen', 'camera', 'file'].map(find);
      const [trouble, answer, bars] = ['trouble', 'answer', 'bars'].map(find);
      const pen = seen.getContext('2d');
      const files = JSON.parse(document.querySelector('#model').textContent);
      const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const model = new Map(Object.entries(files).map(([name, text]) => [name, bytesOf(text)]));
      const classifier = gesso.imageClassifier(model, { topK: 1000 });
      const complain = (error) => { trouble.textContent = error.message; };
      classifier.labels().then(() => { answer.textContent = 'Nothing to see yet.'; }, complain);

      // The part of a picture that the network sees: its middle square, or all of it.
      const { preprocess } = JSON.parse(new TextDecoder().decode(model.get('gesso.json')));
      const draw = (picture, width, height) => {
        const side = Math.min(width, height);
        const [across, down] = preprocess.fit === 'crop' ? [side, side] : [width, height];
        seen.height = Math.round((seen.width * down) / across);
        pen.drawImage(picture, (width - across) / 2, (height - down) / 2, across, down, 0, 0, seen.width, seen.height);
      };
      const row = () => {
        const item = document.createElement('li');
        for (const tag of ['span', 'b', 'i']) item.append(document.createElement(tag));
        return bars.appendChild(item);
      };
      const show = (results) => {
        const [best] = results;
        const words = best.label + ', ' + Math.round(100 * best.confidence) + ' %';
        if (answer.textContent !== words) answer.textContent = words;
        seen.setAttribute('aria-label', 'A picture that is called ' + best.label);
        const inOrder = [...results].sort((a, b) => a.index - b.index);
        for (const [i, { label, confidence }] of inOrder.entries()) {
          const [name, percent, bar] = (bars.children[i] ?? row()).children;
          name.textContent = label;
          percent.textContent = Math.round(100 * confidence) + ' %';
          bar.style.setProperty('--share', 100 * confidence + '%');
        }
      };

      let turn = 0; // what was asked for last is what is shown
      let end = () => {};
      const begin = () => {
        end();
        end = () => {};
        camera.setAttribute('aria-pressed', 'false');
        trouble.textContent = '';
        turn += 1;
        return turn;
      };
      camera.onclick = async () => {
        const on = camera.getAttribute('aria-pressed') === 'true';
        const mine = begin();
        if (on) return;
        camera.setAttribute('aria-pressed', 'true');
        const fail = (error) => {
          if (mine !== turn) return;
          begin();
          complain(error);
        };
        try {
          const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
          const close = () => { for (const track of stream.getTracks()) track.stop(); };
          if (mine !== turn) return close();
          end = close;
          const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
          video.srcObject = stream;
          await video.play();
          if (mine !== turn) return;
          const stop = classifier.watch(video, (results) => {
            draw(video, video.videoWidth, video.videoHeight);
            show(results);
          }, { onError: fail });
          end = () => {
            stop();
            close();
          };
        } catch (error) {
          fail(error);
        }
      };

      const look = async (blob) => {
        const mine = begin();
        try {
          const picture = await createImageBitmap(blob);
          if (mine !== turn) return;
          draw(picture, picture.width, picture.height);
          const results = await classifier.classify(picture);
          if (mine === turn) show(results);
        } catch (error) {
          if (mine === turn) complain(error);
        }
      };
      file.onchange = () => { if (file.files[0]) look(file.files[0]); };
      const over = (event, is) => {
        event.preventDefault();
        stage.classList.toggle('over', is);
      };
      document.addEventListener('dragover', (event) => over(event, true));
      document.addEventListener('dragleave', (event) => over(event, false));
      document.addEventListener('drop', (event) => {
        over(event, false);
        if (event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
      });
    `;
