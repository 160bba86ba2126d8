// An addon that says on stdout which of its clean-up hooks has run.
#include <unistd.h>
#include <string.h>
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_async_cleanup_hook_handle__ *napi_async_cleanup_hook_handle;
extern int napi_add_env_cleanup_hook(napi_env, void (*)(void *), void *);
extern int napi_add_async_cleanup_hook(napi_env, void (*)(napi_async_cleanup_hook_handle, void *), void *, napi_async_cleanup_hook_handle *);
extern int napi_remove_async_cleanup_hook(napi_async_cleanup_hook_handle);
extern int napi_set_instance_data(napi_env, void *, void (*)(napi_env, void *, void *), void *);

static void say(const char *line) { if (write(1, line, strlen(line)) < 0) return; }
static void plain(void *data) { say("plain\n"); }
static void asynchronous(napi_async_cleanup_hook_handle handle, void *data) {
  say("asynchronous\n");
  napi_remove_async_cleanup_hook(handle);
}
static void instance(napi_env env, void *data, void *hint) { say("instance\n"); }

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_add_env_cleanup_hook(env, plain, NULL);
  napi_add_async_cleanup_hook(env, asynchronous, NULL, NULL);
  napi_set_instance_data(env, NULL, instance, NULL);
  return exports;
}
