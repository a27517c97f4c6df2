// Where the nodes of a tree are drawn.

import type { Tree } from "../data";

/** Node n < leaves is a leaf. x is 0 at the root's side and 1 at the leaves, y counts leaves from the top. */
export interface Branches {
  x: Float64Array;
  y: Float64Array;
  parent: Int32Array;
  /** Leaves below each node, from the first to the last. */
  first: Int32Array;
  last: Int32Array;
}

export function branchesOf(tree: Tree): Branches {
  const leaves = tree.leaves.length;
  const nodes = leaves + tree.heights.length;
  const highest = tree.heights.reduce((most, height) => Math.max(most, height), 0) || 1;
  const x = new Float64Array(nodes).fill(1);
  const y = Float64Array.from({ length: nodes }, (_, node) => node);
  const parent = new Int32Array(nodes).fill(-1);
  const first = Int32Array.from({ length: nodes }, (_, node) => node);
  const last = first.slice();
  tree.heights.forEach((height, joint) => {
    const [node, one, other] = [leaves + joint, tree.joints[2 * joint]!, tree.joints[2 * joint + 1]!];
    parent[one] = parent[other] = node;
    x[node] = 1 - height / highest;
    y[node] = (y[one]! + y[other]!) / 2;
    first[node] = Math.min(first[one]!, first[other]!);
    last[node] = Math.max(last[one]!, last[other]!);
  });
  return { x, y, parent, first, last };
}
