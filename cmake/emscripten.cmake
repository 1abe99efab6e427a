# The WebAssembly toolchain: Emscripten as set-up found or unpacked it.
include("${CMAKE_CURRENT_LIST_DIR}/environment.cmake")
gesso_setting(emscripten emscripten root)
gesso_setting(node emscripten node)

set(CMAKE_CROSSCOMPILING_EMULATOR "${node}")
include("${emscripten}/cmake/Modules/Platform/Emscripten.cmake")

# Linking with --emit-tsd runs the module in Node and then tsc: it must find both of the right kind.
set(CMAKE_CXX_LINKER_LAUNCHER "${CMAKE_COMMAND};-E;env;EM_NODE_JS=${node};\
PATH=${CMAKE_CURRENT_LIST_DIR}/../node_modules/.bin:$ENV{PATH}")
