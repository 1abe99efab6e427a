// Functions from Graph to Graph that keep every output's value and make the graph cheaper to run.
#pragma once

#include "core/graph.h"

namespace gesso {

// Removes nodes that no output needs. Inputs stay.
Graph drop_dead(const Graph& graph);

// Removes nodes that give what they were given: identity, a cast to the same type, a reshape to
// the same shape, a transpose that moves nothing; joins a reshape or transpose to one before it.
Graph drop_identities(const Graph& graph);

// Computes, once and for all, every node whose inputs are constants.
Graph fold_constants(const Graph& graph);

// Writes a batchNormalization with constant statistics as a product and a sum,
// y = x * s + (bias - mean * s), with s = scale / sqrt(variance + epsilon), behind what fold_affine
// can take them into. Elsewhere the operator is more exact: there x * s and mean * s may cancel.
Graph lower_batch_norm(const Graph& graph);

// Takes a product or sum with one constant per channel into the weights and the bias of the
// conv2d, convTranspose2d or gemm before it; makes a gemm of a matmul with constant weights.
Graph fold_affine(const Graph& graph);

// Takes a relu or clamp into the operator before it, where that has a fused clamp.
Graph fuse_activation(const Graph& graph);

// Takes a pad with zeros into the padding of the conv2d after it.
Graph merge_pad(const Graph& graph);

// All of them, in the order in which each prepares the ground for the next.
Graph optimize(const Graph& graph);

}  // namespace gesso
