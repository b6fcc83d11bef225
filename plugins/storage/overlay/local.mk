# plugins/storage/overlay: see the top of Makefile.am
