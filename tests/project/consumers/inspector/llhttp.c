/* SPDX-License-Identifier: BSL-1.0 */
/* Another llhttp, whose functions nothing of leash may take for its own. */
#include <stdlib.h>
void llhttp_init(void* parser) { (void)parser; abort(); }
int llhttp_execute(void* parser, const char* data, unsigned long length) { (void)parser; (void)data; (void)length; abort(); }
