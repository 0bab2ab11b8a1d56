{% macro record_results(results) %}
  {% if execute %}
    {% set nodes = [] %}
    {% for result in results %}
      {% do nodes.append(result.node.resource_type ~ " " ~ result.node.name ~ " " ~ result.status) %}
    {% endfor %}
    {% do run_query("select record('" ~ (nodes | sort | join(", ")) ~ "')") %}
  {% endif %}
{% endmacro %}
