# gesso_tests once more, with all graphs on WebGPU. Test presets have the names of the labels.

# Suites that run no graph, or that hold the reference to its own answers.
set(no_graph Ops/KnownAnswers.* Ops/Refusals.* Ops/GradientRules.AgreeWith*
  Ops/GradientRules.CanBe* *.ReferenceInFloatAgrees* Analysis.* BodyPix.* FaceMesh.* BlazeFace.*
  FlatBuffer.* Image.* Pca.* PoseNet.* Simd*.* Tsne.* Umap.* KMeans.* *survive*)
list(JOIN no_graph ":" no_graph)
set(all "*-${no_graph}")

# WebNN's cases of add have 36 million numbers: more than every device has room for in one tensor, and
# what takes minutes to and from a browser.
set(huge Suites/PeersOnDevice.Pass/webnn_add)

# What takes a minute: the first case of every operator and WebNN's cases, with derivatives or with
# models and training.
set(part Ops/Kernels.BackendAgrees/*_0_*:Suites/PeersOnDevice.Pass/webnn_*)
set(least_part ${part}:Ops/GradientRules.BackendAgrees/*-${huge})
set(chromium_part ${part}:Models/Goldens.*:Trainer.*-${huge})

# Two shards of what the filter leaves, in this environment.
function(gesso_webgpu_tests label filter)
  foreach(shard IN ITEMS 0 1)
    add_test(NAME ${label}.${shard}
      COMMAND gesso_tests --gtest_brief=1 "--gtest_filter=${filter}"
              "--gtest_output=json:${PROJECT_BINARY_DIR}/${label}_reports/${shard}.json"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${label}.${shard} PROPERTIES LABELS ${label} TIMEOUT 1800
      ENVIRONMENT "${ARGN};GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

set(chromium GESSO_TEST_BACKEND=chromium)
set(least GESSO_TEST_BACKEND=dawn GESSO_TEST_LIMITS=least)
gesso_webgpu_tests(webgpu "${all}" GESSO_TEST_BACKEND=dawn)
gesso_webgpu_tests(webgpu-least "${all}:${huge}" ${least})
gesso_webgpu_tests(webgpu-least-part "${least_part}" ${least})
gesso_webgpu_tests(webgpu-chromium "${all}" ${chromium})
gesso_webgpu_tests(webgpu-chromium-part "${chromium_part}" ${chromium})

# Kernels that add up with subgroups, which software does not prefer: the last variant of each.
set(with_subgroups reduceSum reduceMean softmax layerNormalization gemm lstmCell gruCell)
list(TRANSFORM with_subgroups PREPEND Ops/Kernels.BackendAgrees/)
list(TRANSFORM with_subgroups APPEND _*)
list(JOIN with_subgroups ":" with_subgroups)
add_test(NAME webgpu.subgroups
  COMMAND gesso_tests --gtest_brief=1 "--gtest_filter=${with_subgroups}"
          "--gtest_output=json:${PROJECT_BINARY_DIR}/webgpu_reports/subgroups.json"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(webgpu.subgroups PROPERTIES LABELS webgpu TIMEOUT 1800
  ENVIRONMENT "GESSO_TEST_BACKEND=dawn;GESSO_TEST_VARIANT=9")
