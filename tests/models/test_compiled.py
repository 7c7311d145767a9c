import pytest
import torch
from support.tiny_runs import same_tensors, tiny, use_fresh_cache

from mmtlib.experiment import run


@pytest.mark.filterwarnings("ignore")  # of torch's own compiler
def test_a_compiled_training_is_another_run_with_the_same_names(own_cache, tmp_path, monkeypatch):
    """Traced as for a compilation, which takes minutes, but run as it is: no bit differs."""
    use_fresh_cache(own_cache, tmp_path, monkeypatch)
    compile_for_real, calls = torch.nn.Module.compile, []

    def trace(module, **options):
        calls.append((type(module).__name__, options))
        compile_for_real(module, backend="eager", **options)

    monkeypatch.setattr(torch.nn.Module, "compile", trace)
    config = tiny(modalities="depth", epochs=1, batch_size=24)
    plain = run(config)
    assert calls == []
    compiled = run(config.replace(compile=True))
    assert calls == [("CompactI3D", {"dynamic": False})]
    assert plain.run_id != compiled.run_id
    assert same_tensors(*(r.network("depth").state_dict() for r in (plain, compiled)))
