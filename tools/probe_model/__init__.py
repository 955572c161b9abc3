"""How the bundled probe model is made: corpus, tokenizer, training, forms, reference. Run `python -m tools.probe_model.train`."""
