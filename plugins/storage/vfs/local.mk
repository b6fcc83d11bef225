# plugins/storage/vfs: see the top of Makefile.am
