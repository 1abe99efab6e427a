// The triangles between the 468 points of a face.

/**
 * The mesh as a walk over it, two digits of base 36 for each step: the corners of one triangle, and then for
 * each of its edges, and for those of all triangles that follow, the point on the other side.
 *
 * Source: the connections of the face-landmarks-detection package of TensorFlow.js, which leave out the
 * eyes. Those are filled here, from lid to lid; the mouth is open.
 */
const walk =
  '1801040j7m193h7m7n1f646l3x9uc87t053q3q6l6p6p2maacpcpa3a3055f6k3n626n6q02aactctc6a0co5f03035i' +
  '5i373727276m6m2p2paacucr8l9k9kbobo6w6w5h5g615t1c634m6m0k2r4n9292cqcq8lawc77qbxc5bn5h5g4u4u5t' +
  '1d1d634m0k0k2r2q4l4kax946y6y6y6yc77q7r7rc5b3b35h0658363i3l1s6j1n1o1o6o4l1311axav936y8281cn86' +
  '9y9v9jbg063e3e361b1b3l2u2u6j1n23236o1s5n2k11007f7h93cs8281cn8697979v7p7pbg9r9r4o6t3k3k2s3y1s' +
  '6o236o3l3l5q5q14200b7f7h8ybr86828h8hcs9yab959x9xcx4o5d5d3k3d3d3y5n2310605621210b7f8e7ibubu9y' +
  '9y8hcsbr959q9qcxblbl086s6h6g3c10105p5p565522150c8e8f8fbec47e7e7e9pckclcw081j596h6g3c2t2t2t5r' +
  '5w1l221512128e7j8gbdc4btbt9696ckclcwbh7x09596r34346f3b1e575w1l1p5416290d7g7g8gbd7zc0bv969ocj' +
  '9h9hcv7x092z655a340q0q6e6e3a3a575y5y5m175416292a2a7g8n7kbc83c0bvbf7s9ncici7474cvbic99c301t1t' +
  '5a3p3p4b0m0m3a393f5c5m1742245328zzzz8o8o7kbc837lbqc2c27s9nci7070ama2a2c987879d471x1u661k4t4b' +
  '4a4a0n6d6d3f435x3r5u5o2j245328zzzzzz8mbb8iafbqc2bk9s9mch71alala2b27yca888b47311v1u1g1g0s0s4t' +
  '4b4d49416d6c334x5x3u3u4p4p5o2y2y25251q5bzzbb8iaf8xbsbya4c1ag9mch71aeakaob27y76767u7u8b899e0a' +
  '1v2w2x2x670r4d4d4d4e4e41400o0o0v0v383t5z5z5z3s465v5v5e522i1q5bzzbj848j8j9b9bbyayaya7a7agb59g' +
  'cg72adakapapb2aoao75cb9a9a999e0azzzz2v2x1r1h0r4f4e4f4f4g0o320p6a3z3t3o1m4s4s464q4q5e5251512o' +
  '2o26zz848j8wbabmbzbzaja5c3c3c3a69l797972adaraqaq76aqcb7v859998zzzzzz1i1r1h680t4g4e4g4h320p6a' +
  '0z0z6b6b2l1m4szzzz453w0w5l2b502h26zz8k9191b9b9bmbzazaza5b1b180a19lacce739f9fasaq76ar77cc8599' +
  '7wzzzz1w1w1a690t4g0u4j4j073m353g0y2lzzzzzzzz4w4w0w5l2b2c2c2h2g2nzz918vb88pbp7aa9aizzzz80a18z' +
  'cfcf7d7d739fauau7877cccd7o8a8azz0l1z1y690u0u0u6v6u070x0x6v6v3g4c4c6i6izz444r5s0i0h2d4z4z2nzz' +
  '908ub88q8qbp7aa9b4b4zzzzzzzzcf7c9t9i9z6x6xcycy7778787o8c8d6zzz1z1y4c356v6u076u6v691a1a3v3jzz' +
  'zz4r5s5k5k0h2d4z4yzzzz8ub7b78r0h0ibwb0ahzzcmcmanan9iczcz7b7bcyczcz9ian8d6zzz4i3v3v0x3jzz4v5j' +
  '5jbp8p0g2e2ezzzzb68r0h5kb0ahzzzz9wa87o7ocd7bcy7ba8a8atzz3v4i485jbw8r0f0f2fzz8s8s5j4vzza8atzz' +
  'zzzzahb00f0e0ezz8t0fatzz8szzzz0ezzzz';

/** On the other side of an edge there is nothing. */
const border = 36 * 36 - 1;

/** Three positions in `keypoints` for each triangle; seen from the front, all go round the same way. */
export function faceTriangles(): [number, number, number][] {
  const steps = (walk.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 36));
  let at = 0;
  const step = () => steps[at++] ?? border;
  const triangles: [number, number, number][] = [];
  const edges = new Set<string>();
  const add = (a: number, b: number, c: number) => {
    triangles.push([a, b, c]);
    for (const edge of [`${a} ${b}`, `${b} ${c}`, `${c} ${a}`]) edges.add(edge);
  };
  add(step(), step(), step());
  // Grows while it is walked over.
  for (const [a, b, c] of triangles) {
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      if (edges.has(`${to} ${from}`)) continue;
      const beyond = step();
      if (beyond !== border) add(to, from, beyond);
    }
  }
  return triangles;
}
